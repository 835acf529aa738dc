import pycountry

from features.countries import CONTINENT_OF, COUNTRIES, parents


def test_the_countries_equal_iso_3166_1_and_kosovo():
    assert {country.alpha_2.lower() for country in pycountry.countries} | {"xk"} == set(COUNTRIES)
    assert len(COUNTRIES) == len(set(COUNTRIES)) == 250
    assert list(COUNTRIES) == sorted(COUNTRIES)


def test_every_country_has_a_continent_and_the_world_as_parents():
    assert {parents(code)[-1] for code in COUNTRIES} == {"global"}
    assert {parents(code)[0] for code in COUNTRIES} == set(CONTINENT_OF.values())
    assert all(parents(continent) == ("global",) for continent in CONTINENT_OF.values())


def test_no_continent_has_the_code_of_a_country():
    assert not set(CONTINENT_OF.values()) & set(COUNTRIES)

import pycountry

from features.countries import CONTINENT_OF, COUNTRIES, parents


def test_the_countries_are_those_of_iso_3166_1():
    assert {country.alpha_2.lower() for country in pycountry.countries} == set(COUNTRIES)
    assert len(COUNTRIES) == len(set(COUNTRIES)) == 249
    assert list(COUNTRIES) == sorted(COUNTRIES)


def test_every_country_climbs_to_the_world_through_a_continent():
    assert {parents(code)[-1] for code in COUNTRIES} == {"global"}
    assert {parents(code)[0] for code in COUNTRIES} == set(CONTINENT_OF.values())
    assert all(parents(continent) == ("global",) for continent in CONTINENT_OF.values())


def test_no_continent_is_named_like_a_country():
    assert not set(CONTINENT_OF.values()) & set(COUNTRIES)

"""The countries of ISO 3166-1 and their continents."""

from typing import Final

from store.rules.model_names import WORLD

# ISO 3166-1 alpha-2 by continent after UN M49 (https://unstats.un.org/unsd/methodology/m49/). Tests compare the list
# with pycountry, which is not shipped (LGPL) and has no continents. Taiwan and Antarctica have no M49 region. Kosovo
# has the user-assigned code xk.
_CODES: Final = {
    "africa": "dz ao bj bw io bf bi cv cm cf td km cg cd ci dj eg gq er sz et tf ga gm gh gn gw ke ls lr ly mg mw ml "
    "mr mu yt ma mz na ne ng re rw sh st sn sc sl so za ss sd tz tg tn ug eh zm zw",
    "americas": "ai ag ar aw bs bb bz bm bo bq bv br ca ky cl co cr cu cw dm do ec sv fk gf gl gd gp gt gy ht hn jm mq "
    "mx ms ni pa py pe pr bl kn lc mf pm vc sx gs sr tt tc us uy ve vg vi",
    "asia": "af am az bh bd bt bn kh cn cy ge hk in id ir iq il jp jo kz kw kg la lb mo my mv mn mm np kp om pk ps ph "
    "qa sa sg kr lk sy tw tj th tl tr tm ae uz vn ye",
    "europe": "al ad at by be ba bg hr cz dk ee fo fi fr de gi gr gg va hu is ie im it je lv li lt lu mt md mc me nl "
    "mk no pl pt ro ru sm rs sk si es sj se ch ua gb ax xk",
    "oceania": "as au cx cc ck fj pf gu hm ki mh fm nr nc nz nu nf mp pw pg pn ws sb tk to tv um vu wf",
    "antarctica": "aq",
}

CONTINENT_OF: Final[dict[str, str]] = {code: name for name, codes in _CODES.items() for code in codes.split()}
COUNTRIES: Final[tuple[str, ...]] = tuple(sorted(CONTINENT_OF))


def parents(account: str) -> tuple[str, ...]:
    """Returns the levels above an account of mlArtifacts_country, nearest first.

    >>> parents("th"), parents("asia"), parents("global")
    (('asia', 'global'), ('global',), ())
    """
    if account == WORLD:
        return ()
    return (CONTINENT_OF[account], WORLD) if account in CONTINENT_OF else (WORLD,)

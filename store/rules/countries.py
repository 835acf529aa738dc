"""The normal form of a country: its code of ISO 3166-1 alpha-2, lower case.

Apps also write three-letter codes, codes of the European Union (UK, EL), withdrawn codes and blanks around a code.
"""

from collections.abc import Sequence
from typing import Any, Final

# ISO 3166-1 alpha-3 and alpha-2; Kosovo has the user-assigned codes that the European Union and Unicode CLDR use
_ALPHA_3: Final = (
    "abw:aw afg:af ago:ao aia:ai ala:ax alb:al and:ad are:ae arg:ar arm:am asm:as ata:aq atf:tf atg:ag aus:au aut:at "
    "aze:az bdi:bi bel:be ben:bj bes:bq bfa:bf bgd:bd bgr:bg bhr:bh bhs:bs bih:ba blm:bl blr:by blz:bz bmu:bm bol:bo "
    "bra:br brb:bb brn:bn btn:bt bvt:bv bwa:bw caf:cf can:ca cck:cc che:ch chl:cl chn:cn civ:ci cmr:cm cod:cd cog:cg "
    "cok:ck col:co com:km cpv:cv cri:cr cub:cu cuw:cw cxr:cx cym:ky cyp:cy cze:cz deu:de dji:dj dma:dm dnk:dk dom:do "
    "dza:dz ecu:ec egy:eg eri:er esh:eh esp:es est:ee eth:et fin:fi fji:fj flk:fk fra:fr fro:fo fsm:fm gab:ga gbr:gb "
    "geo:ge ggy:gg gha:gh gib:gi gin:gn glp:gp gmb:gm gnb:gw gnq:gq grc:gr grd:gd grl:gl gtm:gt guf:gf gum:gu guy:gy "
    "hkg:hk hmd:hm hnd:hn hrv:hr hti:ht hun:hu idn:id imn:im ind:in iot:io irl:ie irn:ir irq:iq isl:is isr:il ita:it "
    "jam:jm jey:je jor:jo jpn:jp kaz:kz ken:ke kgz:kg khm:kh kir:ki kna:kn kor:kr kwt:kw lao:la lbn:lb lbr:lr lby:ly "
    "lca:lc lie:li lka:lk lso:ls ltu:lt lux:lu lva:lv mac:mo maf:mf mar:ma mco:mc mda:md mdg:mg mdv:mv mex:mx mhl:mh "
    "mkd:mk mli:ml mlt:mt mmr:mm mne:me mng:mn mnp:mp moz:mz mrt:mr msr:ms mtq:mq mus:mu mwi:mw mys:my myt:yt nam:na "
    "ncl:nc ner:ne nfk:nf nga:ng nic:ni niu:nu nld:nl nor:no npl:np nru:nr nzl:nz omn:om pak:pk pan:pa pcn:pn per:pe "
    "phl:ph plw:pw png:pg pol:pl pri:pr prk:kp prt:pt pry:py pse:ps pyf:pf qat:qa reu:re rou:ro rus:ru rwa:rw sau:sa "
    "sdn:sd sen:sn sgp:sg sgs:gs shn:sh sjm:sj slb:sb sle:sl slv:sv smr:sm som:so spm:pm srb:rs ssd:ss stp:st sur:sr "
    "svk:sk svn:si swe:se swz:sz sxm:sx syc:sc syr:sy tca:tc tcd:td tgo:tg tha:th tjk:tj tkl:tk tkm:tm tls:tl ton:to "
    "tto:tt tun:tn tur:tr tuv:tv twn:tw tza:tz uga:ug ukr:ua umi:um ury:uy usa:us uzb:uz vat:va vct:vc ven:ve vgb:vg "
    "vir:vi vnm:vn vut:vu wlf:wf wsm:ws yem:ye zaf:za zmb:zm zwe:zw xkx:xk"
)
_OTHERS: Final = "uk:gb el:gr xko:xk bu:mm tp:tl zr:cd rom:ro zar:cd tmp:tl bur:mm"
SPELLINGS: Final[dict[str, str]] = dict(pair.split(":") for pair in f"{_ALPHA_3} {_OTHERS}".split())
SPELLINGS.update({code: code for code in list(SPELLINGS.values())})
_BLANKS: Final = " \t\n\r\v\f\u00a0\u3000"


def country_code(value: Any) -> str:
    """Returns the normal form of a country's code, "" for what is none.

    >>> country_code(" UK"), country_code("USA"), country_code("el"), country_code("zz"), country_code(None)
    ('gb', 'us', 'gr', '', '')
    """
    return SPELLINGS.get(value.strip(_BLANKS).lower(), "") if isinstance(value, str) else ""


def country_number(path: str, countries: Sequence[str]) -> dict[str, Any]:
    """Returns the expression for the position in `countries` of the code at `path`, −1 for what is none."""
    number = {code: place for place, code in enumerate(countries)}
    spelled = {spelling: number[code] for spelling, code in SPELLINGS.items() if code in number}
    place = {"$indexOfArray": [{"$literal": list(spelled)}, _trimmed(path)]}
    found = {"$arrayElemAt": [{"$literal": list(spelled.values())}, "$$place"]}
    return {"$let": {"vars": {"place": place}, "in": {"$cond": [{"$lt": ["$$place", 0]}, -1, found]}}}


def unknown_countries(path: str) -> dict[str, Any]:
    """Returns the condition of documents that have something at `path`, but no country's code."""
    known = {"$setIsSubset": [[_trimmed(f"${path}")], {"$literal": ["", *SPELLINGS]}]}
    blank = {"$in": [{"$type": f"${path}"}, ["missing", "null", "undefined"]]}
    return {"$expr": {"$not": [{"$or": [blank, {"$and": [_is_text(f"${path}"), known]}]}]}}


def _trimmed(path: str) -> dict[str, Any]:
    text = {"$cond": [_is_text(path), path, ""]}
    return {"$toLower": {"$trim": {"input": text, "chars": _BLANKS}}}


def _is_text(path: str) -> dict[str, Any]:
    return {"$eq": [{"$type": path}, "string"]}

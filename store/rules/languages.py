"""The normal form of a language: its code of ISO 639-1 where it has one, lower case, without region and script.

Apps write BCP 47 tags (pt-BR), locales (en_US.UTF-8), three-letter codes (tha) and withdrawn codes (in, iw, ji).
"""

import re
from typing import Any, Final

# ISO 639-2 and ISO 639-1
_ALPHA_3: Final = (
    "aar:aa abk:ab afr:af aka:ak alb:sq amh:am ara:ar arg:an arm:hy asm:as ava:av ave:ae aym:ay aze:az bak:ba bam:bm "
    "baq:eu bel:be ben:bn bis:bi bod:bo bos:bs bre:br bul:bg bur:my cat:ca ces:cs cha:ch che:ce chi:zh chu:cu chv:cv "
    "cor:kw cos:co cre:cr cym:cy cze:cs dan:da deu:de div:dv dut:nl dzo:dz ell:el eng:en epo:eo est:et eus:eu ewe:ee "
    "fao:fo fas:fa fij:fj fin:fi fra:fr fre:fr fry:fy ful:ff geo:ka ger:de gla:gd gle:ga glg:gl glv:gv gre:el grn:gn "
    "guj:gu hat:ht hau:ha heb:he her:hz hin:hi hmo:ho hrv:hr hun:hu hye:hy ibo:ig ice:is ido:io iii:ii iku:iu ile:ie "
    "ina:ia ind:id ipk:ik isl:is ita:it jav:jv jpn:ja kal:kl kan:kn kas:ks kat:ka kau:kr kaz:kk khm:km kik:ki kin:rw "
    "kir:ky kom:kv kon:kg kor:ko kua:kj kur:ku lao:lo lat:la lav:lv lim:li lin:ln lit:lt ltz:lb lub:lu lug:lg mac:mk "
    "mah:mh mal:ml mao:mi mar:mr may:ms mkd:mk mlg:mg mlt:mt mon:mn mri:mi msa:ms mya:my nau:na nav:nv nbl:nr nde:nd "
    "ndo:ng nep:ne nld:nl nno:nn nob:nb nor:no nya:ny oci:oc oji:oj ori:or orm:om oss:os pan:pa per:fa pli:pi pol:pl "
    "por:pt pus:ps que:qu roh:rm ron:ro rum:ro run:rn rus:ru sag:sg san:sa sin:si slk:sk slo:sk slv:sl sme:se smo:sm "
    "sna:sn snd:sd som:so sot:st spa:es sqi:sq srd:sc srp:sr ssw:ss sun:su swa:sw swe:sv tah:ty tam:ta tat:tt tel:te "
    "tgk:tg tgl:tl tha:th tib:bo tir:ti ton:to tsn:tn tso:ts tuk:tk tur:tr twi:tw uig:ug ukr:uk urd:ur uzb:uz ven:ve "
    "vie:vi vol:vo wel:cy wln:wa wol:wo xho:xh yid:yi yor:yo zha:za zho:zh zul:zu"
)
# withdrawn codes, dialects and members of macrolanguages, which go to their language
_OTHERS: Final = (
    "no:nb nor:nb iw:he in:id ji:yi jw:jv mo:ro mol:ro fil:tl sh:sr hbs:sr scr:hr scc:sr arz:ar ary:ar arb:ar yue:zh "
    "wuu:zh cmn:zh gug:gn ltg:lv sdh:ku ckb:ku kmr:ku uzs:uz uzn:uz pes:fa prs:fa zsm:ms ekk:et lvs:lv als:sq khk:mn "
    "npi:ne ory:or swh:sw azj:az"
)
SPELLINGS: Final[dict[str, str]] = dict(pair.split(":") for pair in f"{_ALPHA_3} {_OTHERS}".split())
_LANGUAGE: Final = re.compile(r"\s*([a-z]{2,3})(?![a-z0-9])", re.IGNORECASE)


def language_code(value: Any) -> str:
    """Returns the normal form of a language's code or tag, "" for what is none.

    >>> language_code("pt-BR"), language_code("zh_Hant_TW"), language_code("IN"), language_code("tha"), language_code(7)
    ('pt', 'zh', 'id', 'th', '')
    """
    tag = _LANGUAGE.match(value) if isinstance(value, str) else None
    return SPELLINGS.get(tag[1].lower(), tag[1].lower()) if tag else ""

"""Names under which models are stored: collections, models and the accounts that stand for groups of people."""

from typing import Final

WORLD_ARTIFACTS: Final = "mlArtifacts_global"  # of the world, the continents and all members together
COUNTRY_ARTIFACTS: Final = "mlArtifacts_country"
MEMBER_ARTIFACTS: Final = "mlArtifacts"

GUEST_MODEL: Final = "guest"  # needs to know nothing of who sees the list
MEMBER_MODEL: Final = "member"  # one for all members
PERSONAL_MODEL: Final = "personal"  # one for each member

WORLD: Final = "global"  # the account of the model that every other one corrects
MEMBERS: Final = "members"  # the account of the model for all members

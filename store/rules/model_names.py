"""Names of stored models: collections, models and the accounts that represent groups."""

from typing import Final

WORLD_ARTIFACTS: Final = "mlArtifacts_global"  # of the world, the continents and all members together
COUNTRY_ARTIFACTS: Final = "mlArtifacts_country"
MEMBER_ARTIFACTS: Final = "mlArtifacts"

GUEST_MODEL: Final = "guest"  # uses nothing about the viewer
MEMBER_MODEL: Final = "member"  # one for all members
PERSONAL_MODEL: Final = "personal"  # one for each member

WORLD: Final = "global"  # the account of the root of the hierarchy
MEMBERS: Final = "members"  # the account of the model for all members

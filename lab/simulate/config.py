"""Settings of a simulated community, each with its unit or reason."""

from dataclasses import dataclass
from datetime import UTC, datetime

from features.milliseconds import DAY_MS, to_ms


@dataclass(frozen=True)
class Config:
    """Settings of one community; equal settings produce equal bytes.

    Raises ValueError (at construction) for fewer than 20 users, days outside 1-60, or a naive `until`.
    """

    users: int = 2_000  # member accounts, bots included; guests come on top
    days: int = 14  # length of the exposure log
    seed: int = 1
    until: datetime = datetime(2026, 1, 15, tzinfo=UTC)  # end of the history, aware
    step_hours: float = 1.0  # the feed's pools are refreshed this often
    warm_up_days: float = 3.0  # posts older than the log, so that the first feeds are not empty

    guest_share: float = 0.06  # guests per member
    page_share: float = 0.04  # members with a page
    newcomer_share: float = 0.05  # members who join during the log
    bot_share: float = 0.03  # members who are bots
    bot_readings_per_day: float = 24.0
    bot_engagement: float = 0.05  # probability per reading, independent of the post
    click_farm_visits: float = 0.4  # share of a click farm's readings that are its client's posts
    click_farm_engagement: float = 0.7  # probability per reading of its client's posts

    posts_per_user_day: float = 0.10  # mean; log-normal over creators
    posts_sigma: float = 1.4  # of the log rate: few creators post most
    follows_median: float = 14.0  # followed accounts per member
    follows_sigma: float = 0.8  # of the log number
    late_follow_share: float = 0.12  # follows made during the log
    fond_share: float = 0.22  # followed users that a member is fond of
    sessions_extra: float = 0.9  # sessions on an active day = 1 + Poisson
    items_per_session: float = 4.7  # mean number of posts in a session
    unseen_share: float = 0.3  # sessions whose last delivered post never reached the screen
    repeat_share: float = 0.03  # chance that the app's filter of seen posts keeps one

    followed_share: float = 0.46  # sources of the feed; the four shares and fresh (the rest) sum to 1
    trending_language_share: float = 0.16
    trending_country_share: float = 0.08
    interest_share: float = 0.20
    follow_decay_hours: float = 30.0  # e-folding time of the weight of a post, per source
    trending_decay_hours: float = 16.0
    interest_decay_hours: float = 30.0
    fresh_decay_hours: float = 40.0
    popularity_decay_hours: float = 24.0  # of one engagement's part in what is trending
    live_days: float = 10.0  # older posts are never shown

    base_logit: float = -4.5  # of engaging with a neutral post; leads to 4-8 % overall
    base_sigma: float = 0.9  # between members
    lurker_share: float = 0.3  # members who rarely engage
    lurker_logit: float = -1.8  # added to a lurker's base
    topic_scale: float = 1.0  # multiplies all topic affinities
    drift_sigma: float = 0.35  # change of an affinity over 30 days
    quality_scale: float = 0.42  # Gumbel scale of a post's own quality
    author_sigma: float = 0.55  # of an author's quality
    following_logit: float = 0.5  # any followed author
    fond_logit: float = 2.0  # mean bonus of an author one is fond of (uniform in 0.5 to 1.5 times it)
    foreign_logit: float = -2.6  # a language that the reader does not understand
    country_logit: float = 0.3  # a post from the reader's country
    age_logit: float = -0.35  # per unit of log(1 + age / 12 h)
    repeat_logit: float = -1.2  # a post seen before

    report_share: float = 0.0006  # reports per exposure
    block_share: float = 0.02  # blocks per member
    no_off_screen_share: float = 0.05  # exposures whose end was never recorded
    no_country_share: float = 0.2  # accounts without geolocation
    no_language_share: float = 0.1  # accounts without languages in their preferences
    withdrawn_share: float = 0.01  # engagements withdrawn later (visibility deleted)
    unpublished_share: float = 0.03  # contents hidden, deleted or illegal by the end

    def __post_init__(self) -> None:
        if self.users < 20:
            raise ValueError(f"users must be at least 20, not {self.users}")
        if not 1 <= self.days <= 60:
            raise ValueError(f"days must be between 1 and 60, not {self.days}")
        if self.until.tzinfo is None:
            raise ValueError(f"until must have a time zone, unlike {self.until}")

    @property
    def until_ms(self) -> int:
        """Returns the end of the history in milliseconds since 1970."""
        return to_ms(self.until)

    @property
    def start_ms(self) -> int:
        """Returns the start of the exposure log in milliseconds since 1970."""
        return self.until_ms - self.days * DAY_MS

"""Explains to moderators why a credential is suspected. The sentences are stored in features and cases."""

from collections.abc import Mapping

import numpy as np

from features.arrays import Floats
from fraud.models.dataset import COLUMNS
from fraud.models.reference import Reference

_MAX_REASONS = 3  # of one credential
_MIN_DEVIATION = 1.8  # standard deviations of people from which a feature is a reason
_LIKE_BOTS = "no single habit stands out, but together they are unlike people's"

# feature → sentence when it is higher than people's, sentence when it is lower
_SENTENCES: Mapping[str, tuple[str, str]] = {
    "copiedShare": ("replays the same sequence of reading times and pauses as an earlier credential", ""),
    "copiesLog": ("several credentials replay one and the same sequence of reading times", ""),
    "lockstepShare": ("sees the same posts in the same order at the same time as another credential", ""),
    "readingRepeatShare": ("reading times repeat to the millisecond", ""),
    "gapRepeatShare": ("times from post to post repeat to the millisecond", ""),
    "pauseRepeatShare": ("pauses between posts repeat to the millisecond", ""),
    "readingRoundShare": ("reading times end on the same milliseconds, as timers do", ""),
    "readingSkimShare": ("leaves most posts faster than anybody can read", "never skips past a post, as people do"),
    "readingLogMad": ("reading times scatter more than people's", "every post is read for nearly the same time"),
    "readingLogIqr": ("reading times scatter more than people's", "every post is read for nearly the same time"),
    "readingLogTail": ("some posts stay open far longer than people keep them", "never stays with a post"),
    "readingLogHead": ("many posts are left far sooner than the rest", "never leaves a post early"),
    "readingLogMedian": ("reads each post far longer than people do", "reads each post far shorter than people do"),
    "gapLogMad": ("times from post to post are wildly uneven", "posts follow each other at an even beat"),
    "gapLogIqr": ("times from post to post are wildly uneven", "posts follow each other at an even beat"),
    "gapLogTail": ("long waits between posts, unlike people's", "no longer breaks between posts"),
    "gapLogMedian": ("moves on to the next post later than people", "moves on to the next post sooner than people"),
    "gapBurstiness": ("reads in sharper bursts than people", "no bursts and breaks: the pace of a metronome"),
    "pauseLogMad": ("pauses between posts are wildly uneven", "pauses between posts are all alike"),
    "pauseLogIqr": ("pauses between posts are wildly uneven", "pauses between posts are all alike"),
    "pauseLogTail": ("pauses now and then far longer than people's", "never looks away between posts"),
    "pauseLogMedian": ("pauses longer between posts than people do", "pauses shorter between posts than people do"),
    "overlapShare": ("sees the next post before the last one has left", "posts never share the screen"),
    "readingLogNormalDistance": ("reading times come in clumps", "reading times follow a random generator's curve"),
    "readingExponentialDistance": ("", "reading times follow a memoryless random clock"),
    "pauseExponentialDistance": ("", "pauses follow a memoryless random clock"),
    "pauseLogNormalDistance": ("pauses come in clumps", "pauses follow a random generator's curve"),
    "readingMemory": ("one reading time tells the next too well", "reading times are independent of each other"),
    "readingLongMemory": ("reading times repeat a pattern", "reading times are independent of each other"),
    "readingMood": ("pace drifts in long waves, more than people's", "pace never drifts over a day, as people's does"),
    "readingPeak": ("reading times rise and fall in a fixed round", ""),
    "pausePeak": ("pauses rise and fall in a fixed round", ""),
    "readingPredictability": ("the next reading time can be told from the last", ""),
    "pausePredictability": ("the next pause can be told from the last", ""),
    "textSlope": ("", "reads long posts no longer than short ones"),
    "contentRepeatShare": ("returns to the same posts again and again", ""),
    "hourEntropy": ("reads at every hour of the day alike", "reads at one hour of the day only"),
    "dailyRestHours": ("reads in a few hours only, every day the same", "never rests: reads round the clock"),
    "startHourSpread": ("", "starts at the same time every day, as a timer does"),
    "sessionShare": ("very many short sessions", "hardly ever pauses for half an hour"),
    "awayShare": ("looks away between posts very often", "never looks away between posts"),
    "readingsPerDayLog": ("reads far more posts a day than people", ""),
    "postReadingTimeNormStd": ("reading times vary more than people's", "reading times vary less than people's"),
    "postReadingTimeDifferenceNormStd": ("gaps vary more than people's", "gaps between posts vary less than people's"),
}  # fmt: skip


def reasons(X: Floats, reference: Reference) -> list[list[str]]:
    """Returns one to three reasons for each row, the largest deviation first.

    Args:
        X: (rows, len(COLUMNS)).
        reference: the reference of people.
    """
    z = reference.gaussian(X)
    return [_reasons(row) for row in z]


def _reasons(z: Floats) -> list[str]:
    sentences: list[str] = []
    for column in np.argsort(-np.abs(z), kind="stable"):
        if abs(z[column]) < _MIN_DEVIATION or len(sentences) == _MAX_REASONS:
            break
        high, low = _SENTENCES.get(COLUMNS[column], ("", ""))
        sentence = high if z[column] > 0 else low
        if sentence and sentence not in sentences:
            sentences.append(sentence)
    return sentences or [_LIKE_BOTS]

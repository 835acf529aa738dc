"""Figures as `feedpulse bench` writes them, with known costs."""

COST = {
    "megabytes": 200,
    "server_megabytes": 900,
    "examined": 10,
    "returned": 10,
    "written": 5,
    "megabytes_out": 0.5,
}
REQUESTS = {"p50": 10.0, "p99": 20.0, "aSecond": 100.0, "requests": 500, "errors": 0}
FLOOR = {"floor": 0.5, "floorIs": "one bulk write", "timesFloor": 2.0, "sample": 1, "of": 10}
SIZES = (1_000, 10_000)


def performance(seconds, posts=(10, 100), changed=None, faster=30.0, slower=1.2):
    """Figures at 1,000 and 10,000 members of jobs with these seconds; processors work four times as long."""

    def jobs(at):
        counts = {"classified": posts[at]}
        return {
            job: COST | {"seconds": costs[at], "processor": 4 * costs[at], "counts": counts}
            for job, costs in seconds.items()
        }

    held = {"app-db": {"data": 2**30, "indexes": 0}}
    rest = {"documents": {"contents": 5}, "bytes": held, "fillSeconds": 1.0}
    beside = {"what": "guest feed", "ours": 1.0, "plain": faster, "timesFaster": faster, "aim": 20, **FLOOR}
    after = {job: COST | {"seconds": cost, "processor": cost} for job, cost in (changed or {}).items()}
    served = {
        "idle": {"personal": REQUESTS},
        "whileJobsRun": {"personal": REQUESTS},
        "timesAsLong": {"personal": {"p50": slower, "p99": 1.0}},
        "jobsDone": 3,
        "plan": {"clients": 8, "candidates": 1000, "seconds": 1.0},
    }
    return {
        "machine": {"cores": 2, "gib": 24, "processor": "x86_64", "python": "3.11", "loadBefore": 0.1},
        "volumes": {"posts": 1.0, "reshared": 0.1, "exposures": 12.0, "engaged": 0.25, "follows": 5.0},
        "sizes": [{"users": users, "jobs": jobs(at), **rest} for at, users in enumerate(SIZES)],
        "more": {
            "users": SIZES[-1],
            "changed": {"share": 0.01, "jobs": after},
            "plain": [beside],
            "serving": served,
        },
        "seconds": 60.0,
    }

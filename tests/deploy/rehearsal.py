"""`make rehearsal`: everything that AWS would do with the functions, once, on this machine.

A trigger becomes topics; schedules become statistics and the guest feed; the dispatcher fills a queue, workers turn
it into models, and one poisoned message ends among the dead letters while nothing else is lost.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.bench.work import open_gates
from ops.mongod.serving import serving
from store.client import Databases, connect
from tests.community import TIME, community, fill
from tests.deploy.cloud import Cloud, cloud

RECEIVES = 2  # of a message before it is a dead letter
SOURCE = "aws.partner/mongodb.com/stitch.trigger/1"
SCHEDULED = {"time": TIME, "id": "rehearsal", "source": "aws.scheduler"}
CLOCKED = ("contentStats", "creatorStats", "coldstartTrainer", "coldstartPredictor")


def trigger_to_topics(aws: Cloud, db: Databases) -> str:
    """A change goes over an event bus and a rule to topicsClassify."""
    events, queue = aws.client("events"), aws.queue("changes")
    events.create_event_bus(Name="contents")
    pattern = {"source": [{"prefix": "aws.partner/mongodb.com"}], "detail": {"ns": {"coll": ["contents"]}}}
    events.put_rule(Name="contents", EventBusName="contents", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="contents", EventBusName="contents", Targets=[{"Id": "1", "Arn": aws.arn_of(queue)}])
    posts = [each["_id"] for each in db.app.contents.find({}, limit=3)]
    for coll, key in [*(("contents", each) for each in posts), ("users", posts[0])]:
        detail = {"operationType": "insert", "ns": {"db": "app-db", "coll": coll}, "documentKey": {"_id": str(key)}}
        entry = {"Source": SOURCE, "DetailType": "trigger", "EventBusName": "contents", "Detail": json.dumps(detail)}
        events.put_events(Entries=[entry])

    told = aws.bodies(queue)
    counts = [aws.container("topicsClassify").invoke({**each, "time": TIME}) for each in told]

    assert sum(each["classified"] for each in counts) == len(posts) == len(told)
    assert {each["contentId"] for each in db.app.contentinfo.find()} == set(posts)
    return f"{len(told)} changes of contents over the bus, {len(posts)} posts read"


def schedule_to_guest_feed(aws: Cloud, db: Databases) -> str:
    """Statistics, the guests' models and the guest feed, by their schedules' events."""
    counts = {key: aws.container(key).invoke(SCHEDULED, 240) for key in CLOCKED}

    found = db.app.guestfeeditems.count_documents({})
    assert counts["contentStats"]["contents"] == db.analytics.contentStats.count_documents({}) > 0
    assert counts["coldstartPredictor"]["items"] == found > 0
    assert {each["status"] for each in db.analytics.runs.find({"function": {"$in": CLOCKED}})} == {"done"}
    return f"{counts['contentStats']['contents']} posts counted, {found:,} items in the guest feed"


def dispatcher_to_models(aws: Cloud, db: Databases) -> str:
    """The dispatcher's shards over a queue to the workers; a poisoned message beside them."""
    dead = aws.queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": aws.arn_of(dead), "maxReceiveCount": RECEIVES})
    queue = aws.queue("training", VisibilityTimeout="1800", RedrivePolicy=redrive)
    trainer = aws.container("personalizeContentTrainer", TRAINING_QUEUE_URL=queue)
    trainer.invoke(SCHEDULED, 240)
    open_gates(db)  # too few people for own models
    dispatched = trainer.invoke(SCHEDULED, 240)
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody='{"shard": "poisoned"}')
    shards = [each["_id"] for each in db.analytics.trainingShards.find()]

    while aws.poll(queue, "personalizeContentWorker"):
        pass

    models = db.analytics.mlArtifacts.count_documents({})
    assert dispatched["shards"] == len(shards) > 0
    assert dispatched["members"] >= models > 0  # members without a request have nothing to learn from
    assert db.analytics.trainingShards.count_documents({"data": {"$exists": True}}) == 0
    assert aws.bodies(dead) == [{"shard": "poisoned"}]
    assert aws.poll(queue, "personalizeContentWorker") == 0
    return f"{len(shards)} shard(s) over the queue, {models} members' models, 1 poisoned message among the dead letters"


STEPS: dict[str, Callable[[Cloud, Databases], str]] = {
    "trigger → topics": trigger_to_topics,
    "schedule → statistics → guest feed": schedule_to_guest_feed,
    "dispatcher → queue → workers → models": dispatcher_to_models,
}


def rehearse(aws: Cloud, db: Databases, tell: Callable[[str], Any]) -> None:
    """Every step, in order; what each did."""
    fill(db, community())
    for name, step in STEPS.items():
        started = time.perf_counter()
        tell(f"{name}: {step(aws, db)} ({time.perf_counter() - started:.1f} s)")


def main() -> None:
    """The rehearsal with a database and an AWS of its own."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), durable=False) as uri:
        db = connect(uri)
        with cloud(Path(folder), uri, "") as aws:
            rehearse(aws, db, lambda line: sys.stdout.write(line + "\n"))
        db.client.close()
    sys.stdout.write("Rehearsed: nothing was lost.\n")


if __name__ == "__main__":
    main()

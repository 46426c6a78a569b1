"""Evaluates recorded motes with the latest global network, in batch, and the topic `iot_stream` by streaming; both into
MongoDB's `predictions`, and compared there.

    spark-submit --packages org.apache.spark:spark-sql-kafka-0-10_2.13:4.0.0 evaluate.py motes.ndjson \\
      --sensorium /opt/sensorium --api http://127.0.0.1:8000 --kafka 127.0.0.1:9092 --mongodb mongodb://127.0.0.1:27017
"""

import argparse
import json
import os
import subprocess
import tempfile
import urllib.parse
import urllib.request
from datetime import datetime

from pymongo import MongoClient, UpdateOne
from pyspark.sql import SparkSession

from judge import sorted_lines

AT_ONCE = 1000


def global_model(api, group):
    """A file with the network that is in use now. Behind keys one with the scope `read` is taken from SENSORIUM_KEY."""
    query = "?" + urllib.parse.urlencode({"group": group}) if group else ""
    key = os.environ.get("SENSORIUM_KEY")
    headers = {"authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(f"{api}/federation/model{query}", headers=headers)
    file = tempfile.NamedTemporaryFile(suffix=".json", delete=False)
    with urllib.request.urlopen(request) as answer, file:
        file.write(answer.read())
    return file.name


def store(lines, mongodb, database, evaluation):
    """Puts scores into `predictions`, each once however often it comes."""
    with MongoClient(mongodb) as client:
        predictions, waiting = client[database].predictions, []
        for line in lines:
            score = json.loads(line)
            score["_id"] = f"spark-{evaluation}/{score['time']}/{score['sensor']}"
            score["time"] = datetime.fromisoformat(score["time"].replace("Z", "+00:00"))
            score["evaluation"] = f"spark-{evaluation}"
            waiting.append(UpdateOne({"_id": score["_id"]}, {"$set": score}, upsert=True))
            if len(waiting) == AT_ONCE:
                predictions.bulk_write(waiting)
                waiting = []
        if waiting:
            predictions.bulk_write(waiting)


def batch(spark, args, scorer):
    """The whole recording, mote by mote."""
    scores = sorted_lines(spark, args.readings, args.partitions).pipe(scorer, checkCode=True)
    scores.foreachPartition(lambda lines: store(lines, args.mongodb, args.database, "batch"))


def stream(spark, args, scorer):
    """The topic, up to where it ends now; one scorer for all of it, since a mote's scale goes on from batch to batch."""
    process = subprocess.Popen(scorer.split(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def answer(line):
        process.stdin.write(line + "\n")
        process.stdin.flush()
        return process.stdout.readline()

    def score(frame, _):
        rows = frame.orderBy("partition", "offset").selectExpr("cast(value as string) as line").toLocalIterator()
        store((answer(row.line) for row in rows), args.mongodb, args.database, "stream")

    source = spark.readStream.format("kafka").option("kafka.bootstrap.servers", args.kafka)
    topic = source.option("subscribe", args.topic).option("startingOffsets", "earliest").load()
    topic.writeStream.foreachBatch(score).trigger(availableNow=True).start().awaitTermination()
    process.stdin.close()
    process.wait()


def compare(args):
    """Says how batch and streaming agree, reading by reading."""
    with MongoClient(args.mongodb) as client:
        predictions = client[args.database].predictions
        scores = [
            {(one["sensor"], one["time"]): one["score"] for one in predictions.find({"evaluation": f"spark-{name}"})}
            for name in ("batch", "stream")
        ]
    both = scores[0].keys() & scores[1].keys()
    differing = sum(1 for key in both if scores[0][key] != scores[1][key])
    found = {"batch": len(scores[0]), "stream": len(scores[1]), "both": len(both), "differing": differing}
    if both:
        found["mean_score"] = sum(scores[0][key] for key in both) / len(both)
    print(json.dumps(found))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("readings", help="NDJSON, one reading a line")
    parser.add_argument("--sensorium", required=True, help="folder of Sensorium on every worker")
    parser.add_argument("--api", required=True, help="a running Sensorium, whose network it is")
    parser.add_argument("--group", default="", help="the group of motes, where there are several")
    parser.add_argument("--kafka", required=True, help="host:port of a broker")
    parser.add_argument("--topic", default="iot_stream")
    parser.add_argument("--mongodb", required=True, help="URL of the server")
    parser.add_argument("--database", default="sensorium")
    parser.add_argument("--partitions", type=int, default=8)
    args = parser.parse_args()

    spark = SparkSession.builder.appName("sensorium-evaluate").getOrCreate()
    here, model = f"{args.sensorium}/docs/how-to/spark", global_model(args.api, args.group)
    scorer = f"deno run --config {args.sensorium}/deno.json --allow-read {here}/score.ts {model}"
    batch(spark, args, scorer)
    stream(spark, args, scorer)
    compare(args)
    spark.stop()


if __name__ == "__main__":
    main()

"""Judges the histories of many sensors on Spark: partitioned by sensor, sorted by time, piped through `backtest -`,
verdicts to Parquet.

    spark-submit judge.py readings/*.ndjson verdicts --sensorium /opt/sensorium --partitions 64
"""

import argparse
import json
import zlib
from datetime import datetime

from pyspark.sql import SparkSession

# What `backtest -` answers with; what is not named here is left out.
VERDICT = """
    sensor string, time timestamp, type string, location string, values map<string, double>, label int,
    is_anomaly boolean, score double, alarm double, rate double, late boolean, expected map<string, array<double>>,
    detectors map<string, double>, flags array<struct<detector: string, channel: string>>,
    versions map<string, bigint>, explanation string, not_judged string
"""


def key_of(line, place):
    """Order of a stream: by time, sensors of one time by name, what is twice as it stands in the files."""
    reading = json.loads(line)
    time = reading["time"]
    if isinstance(time, str):
        time = datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() * 1000
    return (time, reading["sensor"], place)


def sorted_lines(spark, readings, partitions):
    """Readings partitioned by sensor, each partition in the order of a stream."""
    return (
        spark.sparkContext.textFile(readings)
        .zipWithIndex()
        .map(lambda indexed: (key_of(*indexed), indexed[0]))
        .repartitionAndSortWithinPartitions(partitions, lambda key: zlib.crc32(key[1].encode()))
        .values()
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("readings", help="NDJSON, one reading a line; anything that Spark reads as text")
    parser.add_argument("verdicts", help="folder of the Parquet files")
    parser.add_argument("--sensorium", required=True, help="folder of Sensorium on every worker")
    parser.add_argument("--partitions", type=int, default=8, help="sensors share models within a partition")
    parser.add_argument("--settings", default="", help="further flags of backtest: --config motes.json")
    args = parser.parse_args()

    spark = SparkSession.builder.appName("sensorium-judge").getOrCreate()
    judge = f"deno run --frozen -A {args.sensorium}/main.ts backtest - {args.settings}"
    verdicts = sorted_lines(spark, args.readings, args.partitions).pipe(judge, checkCode=True)
    spark.read.schema(VERDICT).json(verdicts).write.mode("overwrite").parquet(args.verdicts)
    spark.stop()


if __name__ == "__main__":
    main()

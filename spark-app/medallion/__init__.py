"""Kafka to Parquet in medallion layers: bronze, silver, quarantine, gold, and a CSV of silver for
people.
"""

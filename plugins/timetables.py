"""Registers our timetables with Airflow, by the module that DAG files import them from."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from include.orchestration.timetables import BillingPeriodTimetable, HourTimetable


class TimetablesPlugin(AirflowPlugin):
    """When hours and billing periods are closed."""

    name = "billing_timetables"
    timetables = [BillingPeriodTimetable, HourTimetable]  # noqa: RUF012 (Airflow's form)

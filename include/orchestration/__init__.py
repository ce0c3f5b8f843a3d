"""Where the product meets Airflow: connections, operators, triggers, timetables, assets, error to retry policy.

The only room that imports Airflow. Owns: how our work looks to the scheduler. Does not own: any rule of metering or
billing.
"""

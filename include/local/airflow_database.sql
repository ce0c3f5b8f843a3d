-- What PostgreSQL's container runs once, in docker-compose.yaml: Airflow owns its own database, and nothing else.
\getenv password AIRFLOW_DB_PASSWORD
CREATE ROLE airflow LOGIN PASSWORD :'password';
CREATE DATABASE airflow OWNER airflow;
REVOKE CONNECT, TEMPORARY ON DATABASE airflow FROM PUBLIC;

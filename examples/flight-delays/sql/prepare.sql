-- Splits by time: the last `holdout_days` days are kept for evaluation, the `train_days` days before them train.
CREATE TEMP TABLE prepared AS
SELECT
  date,
  CAST(delay > 15 AS INTEGER)       AS late,
  date_part('hour', date)           AS hour,
  strftime(date, '%a')              AS weekday,
  distance,
  origin,
  destination
FROM flights;

CREATE TEMP TABLE edges AS
SELECT max(date)::DATE + 1 AS newest, newest - CAST($holdout_days AS INTEGER) AS split FROM prepared;

CREATE TABLE training AS
SELECT prepared.* EXCLUDE (date) FROM prepared, edges
WHERE date < split AND date >= split - CAST($train_days AS INTEGER);

CREATE TABLE holdout AS
SELECT prepared.* FROM prepared, edges WHERE date >= split;

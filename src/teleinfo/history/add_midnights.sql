-- Add each reading of midnight of the meter ?1, from ?2 on, to $table. Where two readings around a midnight are at
-- most ?3 seconds apart, the index had the value of the first one, which may be that of an earlier process. Where
-- they are not, a reading in the first second of the day (kept a second later) is that of midnight.

INSERT OR IGNORE INTO $table (meter, label, time, value, code)
SELECT
    ?1, label, midnight(time),
    CASE WHEN time - time_before <= ?3 THEN value_before ELSE value END,
    CASE WHEN time - time_before <= ?3 THEN code_before ELSE code END
FROM (
    SELECT
        label, time, value, code, lag(time) OVER index_ AS time_before,
        lag(value) OVER index_ AS value_before, lag(code) OVER index_ AS code_before
    FROM $table WHERE meter = ?1 AND time >= ?2
    WINDOW index_ AS (PARTITION BY label ORDER BY time)
)
WHERE time_before < midnight(time) AND value >= value_before
    AND (time - time_before <= ?3 OR time = midnight(time) + 1)

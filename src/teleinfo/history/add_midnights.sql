-- Add each reading of midnight of the meter ?1, from ?2 on, to $table: where two readings around a midnight are at
-- most ?3 seconds apart, the index had the value of the first one. It may be that of an earlier process.

INSERT OR IGNORE INTO $table (meter, label, time, value, code)
SELECT ?1, label, midnight(time), value_before, code_before FROM (
    SELECT
        label, time, value, lag(time) OVER index_ AS time_before,
        lag(value) OVER index_ AS value_before, lag(code) OVER index_ AS code_before
    FROM $table WHERE meter = ?1 AND time >= ?2
    WINDOW index_ AS (PARTITION BY label ORDER BY time)
)
WHERE time - time_before <= ?3 AND time_before < midnight(time) AND value >= value_before

-- Delete each reading of the meter ?1, from ?2 on, between two others of the same day, unless another contract
-- counted meanwhile.

DELETE FROM reading WHERE meter = ?1 AND (label, time) IN (
    SELECT label, time FROM (
        SELECT
            label, time, value, code,
            lag(time) OVER index_ AS time_before, lag(value) OVER index_ AS value_before,
            lead(time) OVER index_ AS time_after, lead(value) OVER index_ AS value_after,
            lead(code) OVER index_ AS code_after
        FROM reading WHERE meter = ?1 AND time >= ?2
        WINDOW index_ AS (PARTITION BY label ORDER BY time)
    ) AS needless
    WHERE value BETWEEN value_before AND value_after AND code IN (code_after, label)
    AND day(time_before) = day(time_after - 1)
    AND NOT EXISTS (
        SELECT 1 FROM reading AS other
        WHERE other.meter = ?1 AND other.time BETWEEN time_before AND time_after
        AND substr(other.label, 1, 2) <> substr(needless.label, 1, 2)
    )
)

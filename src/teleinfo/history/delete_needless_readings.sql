-- Delete each needless reading of the meter ?1, from ?2 on, of $table: `reading` divides days, `half_hour` half-hours.
--
-- Needless is a reading between two others of the same day, unless another contract counted meanwhile, or midnight is
-- at most ?3 seconds away: of two others beside it, one may have a wrong time. To divide half-hours it is one between
-- two of the same value, or after one of the same half-hour if there is another until a minute after its end.

DELETE FROM $table WHERE meter = ?1 AND (label, time) IN (
    SELECT label, time FROM (
        SELECT
            label, time, value, code,
            lag(time) OVER index_ AS time_before, lag(value) OVER index_ AS value_before,
            lead(time) OVER index_ AS time_after, lead(value) OVER index_ AS value_after,
            lead(code) OVER index_ AS code_after
        FROM $table WHERE meter = ?1 AND time >= ?2
        WINDOW index_ AS (PARTITION BY label ORDER BY time)
    ) AS needless
    WHERE value BETWEEN value_before AND value_after AND code IN (code_after, label)
    AND CASE
        WHEN '$table' = 'reading' THEN day(time_before) = day(time_after - 1) AND day(time - ?3) = day(time + ?3)
        WHEN value IN (value_before, value_after) THEN value_before = value_after
        ELSE time_before / 1800 = time / 1800 AND (time_after - 60) / 1800 <= time / 1800
    END
    AND NOT EXISTS (
        SELECT 1 FROM $table AS other
        WHERE other.meter = ?1 AND other.time BETWEEN time_before AND time_after
        AND substr(other.label, 1, 2) <> substr(needless.label, 1, 2)
    )
)

-- Rollups of 34 provinces with 355 offices for 48 months, as docs/decisions/0006-attainment.md measures them.
-- For an empty, migrated database: psql "$THADS_DATABASE_URL" -f docs/decisions/0006-attainment.sql
INSERT INTO unit (code, level, parent_id, path, validity)
SELECT 'G15.' || n, 'provincial', '01890000-0000-7000-8000-000000000001', format('vn.t%s.', lpad(n::text, 2, '0')),
    daterange('2009-01-01', NULL)
FROM generate_series(1, 34) n;

INSERT INTO unit (code, level, parent_id, path, validity)
SELECT p.code || '.' || k, 'regional', p.id, format('%sk%s.', p.path, lpad(k::text, 2, '0')), p.validity
FROM unit p, generate_series(1, 11) k WHERE p.level = 'provincial' AND (k < 11 OR p.path <= 'vn.t15.');

INSERT INTO unit_name (unit_id, name, validity) SELECT id, code, validity FROM unit WHERE level <> 'national';

DO $$
DECLARE
    columns text; figures text; stored text; summed text; opening text;
BEGIN
    SELECT string_agg(column_name, ', ' ORDER BY ordinal_position),
        string_agg(CASE WHEN column_name LIKE 'cases%' THEN '(random() * 40)::bigint' ELSE '(random() * 4e9)::bigint' END,
                   ', ' ORDER BY ordinal_position),
        string_agg(format('(sum(%s))::bigint', column_name), ', ' ORDER BY ordinal_position)
    INTO columns, figures, summed FROM information_schema.columns
    WHERE table_name = 'rollup_unit_day' AND column_name ~ '^(cases|money)_';
    SELECT string_agg(column_name, ', ' ORDER BY ordinal_position),
        string_agg(format('(sum(%s))::bigint', column_name), ', ' ORDER BY ordinal_position)
    INTO stored, opening FROM information_schema.columns
    WHERE table_name = 'unit_opening' AND column_name ~ '^(cases|money)_';
    EXECUTE format(
        'INSERT INTO rollup_unit_day (unit_id, day, %s) SELECT u.id, d::date, %s
         FROM generate_series(date ''2022-10-01'', ''2026-09-30'', ''1 day'') d, unit u
         WHERE u.level <> ''national'' AND extract(isodow FROM d) < 6 ORDER BY d, u.id', columns, figures);
    EXECUTE format(
        'INSERT INTO rollup_unit_month (unit_id, month, %s) SELECT unit_id, date_trunc(''month'', day)::date, %s
         FROM rollup_unit_day GROUP BY 1, 2 ORDER BY 2, 1', columns, summed);
    EXECUTE format(
        'INSERT INTO unit_opening (unit_id, fiscal_year, %s) SELECT unit_id, fiscal_year, %s
         FROM rollup_unit_month JOIN book_year ON make_date(fiscal_year - 1, 10, 1) > month GROUP BY 1, 2',
        stored, opening);
END $$;

VACUUM ANALYZE;

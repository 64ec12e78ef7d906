-- Grain: one row per economy (China excluded) and year, on one trade basis, one HS treatment and
-- one mineral scope of panel_country_year_variants. The words are checked; without
-- treatment := '...' and scope := '...' they are the run's own.
create macro panel_on(trade_basis, treatment := null, scope := null) as table
select panel.*
from marts.panel_country_year_variants as panel
where
    panel.basis = one_of(trade_basis, ['china_reported', 'partner_reported', 'reconciled'])
    and panel.hs_treatment = one_of(
        coalesce(treatment, (select choices.hs_treatment from marts.run_choices as choices)),
        ['harmonised', 'as_reported', 'strict']
    )
    and panel.mineral_scope = one_of(
        coalesce(scope, (select choices.mineral_scope from marts.run_choices as choices)),
        ['ores', 'all_stages']
    )

-- Grain: one row per year, exporter, importer and product, on one trade basis and one HS treatment
-- of fct_trade_flow_variants: safe to sum. Both words are checked; without treatment := '...' it is
-- the run's own.
create macro trade_on(trade_basis, treatment := null) as table
select flow.*
from marts.fct_trade_flow_variants as flow
where
    flow.basis = one_of(trade_basis, ['china_reported', 'partner_reported', 'reconciled'])
    and flow.hs_treatment = one_of(
        coalesce(treatment, (select choices.hs_treatment from marts.run_choices as choices)),
        ['harmonised', 'as_reported', 'strict']
    )

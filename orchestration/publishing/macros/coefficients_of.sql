-- Grain: one row per column and term of a table of regressions, table_4 to table_12. The report's
-- own specification on the run's choices, clustered by economy, with the printed coefficient beside
-- it. p_value_adjusted answers for all terms of the table together.
create macro coefficients_of(table_name) as table
select
    ours."column",
    ours.outcome,
    ours.term,
    ours.estimate,
    ours.std_error,
    ours.t_statistic,
    ours.p_value,
    ours.p_value_adjusted,
    ours.conf_low,
    ours.conf_high,
    ours.n_observations,
    ours.n_economies,
    printed.published_estimate,
    printed.published_t_statistic,
    printed.published_n_observations
from estimates.coefficients as ours
join
    marts.run_choices as choices
    on ours.basis = choices.basis
    and ours.hs_treatment = choices.hs_treatment
    and ours.mineral_scope = choices.mineral_scope
left join
    estimates.scorecard as printed
    on ours.exhibit = printed.exhibit
    and ours."column" = printed."column"
    and ours.term = printed.term
where
    ours.exhibit = one_of(
        table_name,
        [
            'table_4',
            'table_5',
            'table_6',
            'table_7',
            'table_8',
            'table_9',
            'table_10',
            'table_11',
            'table_12'
        ]
    )
    and ours.variant = 'report'
    and ours.inference = 'cluster_iso3'
order by ours."column", ours.term

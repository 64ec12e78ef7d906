-- Grain: one row per column and term of tables 4 to 12. The report's own specification on the run's
-- choices, clustered by economy, and what becomes of it over all trade bases, variants and kinds of
-- inference, this one among them. estimates is how many there are, share_of_same_sign the share of
-- them (0 to 1) with its sign, share_significant the share that is significant at 5 % with that
-- sign. Sizes are not compared: the variants' units differ.
create macro coefficient_robustness() as table
with
    own as (
        select coefficient.*
        from estimates.coefficients as coefficient
        join
            marts.run_choices as choices
            on coefficient.basis = choices.basis
            and coefficient.hs_treatment = choices.hs_treatment
            and coefficient.mineral_scope = choices.mineral_scope
        where
            coefficient.exhibit like 'table_%'
            and coefficient.variant = 'report'
            and coefficient.inference = 'cluster_iso3'
    )

select
    own.exhibit,
    own."column",
    own.outcome,
    own.term,
    own.estimate,
    own.p_value,
    own.p_value_adjusted,
    count(*) as estimates,
    avg(case when sign(other.estimate) = sign(own.estimate) then 1.0 else 0.0 end)
        as share_of_same_sign,
    avg(
        case
            when sign(other.estimate) = sign(own.estimate) and other.p_value < 0.05 then 1.0
            else 0.0
        end
    ) as share_significant
from own
join
    estimates.coefficients as other
    on own.exhibit = other.exhibit
    and own."column" = other."column"
    and own.term = other.term
group by
    own.exhibit,
    own."column",
    own.outcome,
    own.term,
    own.estimate,
    own.p_value,
    own.p_value_adjusted
order by share_significant desc, own.exhibit, own."column", own.term

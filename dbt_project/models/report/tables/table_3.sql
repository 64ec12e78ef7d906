-- Table 3 on the run's default basis, treatment and mineral scope; table_3_variants says how.
select variants.sample, variants.variable, variants.measure, variants.value, variants.unit
from {{ ref('table_3_variants') }} as variants
inner join
    {{ ref('run_choices') }} as choices
    on variants.basis = choices.basis
    and variants.hs_treatment = choices.hs_treatment
    and variants.mineral_scope = choices.mineral_scope

-- Table 2 on the run's default basis and treatment; table_2_variants says how.
select
    variants.year,
    variants.grouping_by,
    variants."group",
    variants.measure,
    variants.value,
    variants.unit,
    variants.products_landed
from {{ ref('table_2_variants') }} as variants
inner join
    {{ ref('run_choices') }} as choices
    on variants.basis = choices.basis
    and variants.hs_treatment = choices.hs_treatment

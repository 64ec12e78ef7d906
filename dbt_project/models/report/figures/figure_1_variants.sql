-- Figure 1 on every HS treatment and source; int_figure_1_computed says how.
select year, "group", measure, value, unit, hs_treatment, source, products_landed
from {{ ref('int_figure_1_computed') }}
where source <> 'chosen'

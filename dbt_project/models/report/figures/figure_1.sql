-- Figure 1 on the run's own choices; int_figure_1_computed says how.
select year, "group", measure, value, unit, products_landed
from {{ ref('int_figure_1_computed') }}
where source = 'chosen'

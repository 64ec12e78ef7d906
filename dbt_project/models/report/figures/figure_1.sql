-- Figure 1 on the run's own choices; int_figure_1_computed says how.
select year, "group", measure, value, unit, products_landed, note_code, note
from {{ ref('int_figure_1_computed') }}
where source = 'chosen'

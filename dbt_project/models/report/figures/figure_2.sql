-- Figure 2 on the run's own choices; int_figure_2_computed says how.
select year, "group", measure, value, unit, products_landed, note_code, note
from {{ ref('int_figure_2_computed') }}
where source = 'chosen'

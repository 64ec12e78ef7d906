-- Figure 3 on the run's own choices; int_figure_3_computed says how.
select year, sector, measure, value, unit, products_landed, note_code, note
from {{ ref('int_figure_3_computed') }}
where source = 'chosen'

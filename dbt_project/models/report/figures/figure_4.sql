-- Figure 4 on the run's own choices; int_figure_4_computed says how.
select year, sector, measure, value, unit, products_landed, note_code, note
from {{ ref('int_figure_4_computed') }}
where source = 'chosen'

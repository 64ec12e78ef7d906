-- Figure 3 on every HS treatment and source; int_figure_3_computed says how.
select year, sector, measure, value, unit, hs_treatment, source, products_landed, note_code, note
from {{ ref('int_figure_3_computed') }}
where source <> 'chosen'

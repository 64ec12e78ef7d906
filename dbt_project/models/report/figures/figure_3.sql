-- World exports of low-carbon products by sector.
{{ exports_by_sector(ref('fct_world_trade'), 'world exports') }}

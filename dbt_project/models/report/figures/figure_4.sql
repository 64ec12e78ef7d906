-- China's exports of low-carbon products by sector, with the share of the sector's world exports.
{{ exports_by_sector(ref('fct_world_trade'), 'China exports', 'CHN') }}

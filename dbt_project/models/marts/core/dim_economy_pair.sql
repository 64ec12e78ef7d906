-- Distances and ties of pairs of economies, from CEPII's GeoDist; empty where it has not landed.
with

    pairs as (select * from {{ ref('int_economy_pairs_mapped') }}),

    final as (

        select
            iso3_o,
            iso3_d,
            distance_km,
            capital_distance_km,
            weighted_distance_km,
            weighted_distance_ces_km,
            is_contiguous,
            has_common_official_language,
            has_common_ethnic_language,
            had_colonial_link,
            has_common_colonizer,
            has_current_colonial_link,
            has_colonial_link_since_1945,
            was_same_country
        from pairs
        where exclusion_reason is null

    )

select *
from final

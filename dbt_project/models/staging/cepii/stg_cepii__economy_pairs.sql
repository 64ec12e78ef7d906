-- CEPII's GeoDist from the file that landed last, under our names; codes as CEPII has them.
with

    pairs as (select * from {{ source('cepii', 'cepii_pairs') }}),

    final as (

        select
            trim(iso_o) as cepii_code_o,
            trim(iso_d) as cepii_code_d,
            dist as distance_km,
            distcap as capital_distance_km,
            distw as weighted_distance_km,
            distwces as weighted_distance_ces_km,
            cast(contig as integer) = 1 as is_contiguous,
            cast(comlang_off as integer) = 1 as has_common_official_language,
            cast(comlang_ethno as integer) = 1 as has_common_ethnic_language,
            cast(colony as integer) = 1 as had_colonial_link,
            cast(comcol as integer) = 1 as has_common_colonizer,
            cast(curcol as integer) = 1 as has_current_colonial_link,
            cast(col45 as integer) = 1 as has_colonial_link_since_1945,
            cast(smctry as integer) = 1 as was_same_country,
            landed_file,
            landed_row
        from pairs
        where {{ landed_last('pairs') }}

    )

select *
from final

-- Trees of one species in one district, by number
select tree_id, planted, girth_cm from environment.street_trees
where district_code = '091006' and species = 'Ginkgo biloba' order by tree_id limit 20;

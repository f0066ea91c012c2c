-- The views of one user
select userid from clickbench.hits where userid = 7919777777778;

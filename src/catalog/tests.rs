//! Catalogs over real and made trees.

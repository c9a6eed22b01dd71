//! What the fuzz targets check. Each target is a function from bytes to nothing that panics if
//! something that must always hold does not.

//! WHAT DIFFERS: pure comparison of desired and live under the shape of a kind.

//! DOES IT MATTER: rules and severity; pure.

"""What customers did, as columns: a transaction log or a summary becomes `RFM`."""

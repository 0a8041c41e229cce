"""The firm from its disclosures: customer-based corporate valuation."""

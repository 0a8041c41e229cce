"""What several models of buying compute with: latent attrition, drop-out after a purchase, regular buying."""

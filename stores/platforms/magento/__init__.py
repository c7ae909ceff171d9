"""Magento Open Source and Adobe Commerce: their REST API, and what it says."""

"""What every API shares on the way in and out: authentication, errors, versions, pages."""

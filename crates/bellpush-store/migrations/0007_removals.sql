-- Deleted integrations whose deliveries and attempts are still to be taken away, little by little.
CREATE TABLE removals (
    integration_id {ID} PRIMARY KEY
);

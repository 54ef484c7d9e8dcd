-- What goes by its time: forms and surveys of an app, oldest first.
CREATE INDEX calls_with_forms ON calls (app_id, id) WHERE form_values IS NOT NULL;
CREATE INDEX surveys_by_app ON survey_responses (call_app_id, call_id);

-- What calls are searched by, each with the newest first: a call's id begins with its time.
CREATE INDEX calls_by_error ON calls (app_id, error_code, id) WHERE error_code IS NOT NULL;
-- Without the app: a profile is of one, and no search by app alone goes by this one then.
CREATE INDEX calls_by_profile ON calls (profile_id, id);
CREATE INDEX calls_by_answerer ON calls (app_id, answered_by, id) WHERE answered_by IS NOT NULL;

-- How the call sounded, in a word.
ALTER TABLE calls ADD COLUMN quality_grade {ID};
CREATE INDEX calls_by_quality ON calls (app_id, quality_grade, id) WHERE quality_grade IS NOT NULL;

-- The mean of the ratings, rounded to a whole number of stars, and the app that the call is of. Not
-- `app_id`: the version before joins it with calls, and names no table there.
ALTER TABLE survey_responses ADD COLUMN call_app_id {ID};
ALTER TABLE survey_responses ADD COLUMN stars BIGINT;
CREATE INDEX surveys_by_stars ON survey_responses (call_app_id, stars, call_id) WHERE stars IS NOT NULL;

-- The calls under way of one app.
CREATE INDEX calls_live_by_app ON calls (app_id, id) WHERE state = 'live';
